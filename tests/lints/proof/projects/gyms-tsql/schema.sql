CREATE TABLE Chains (Id int IDENTITY PRIMARY KEY, Name nvarchar(80));
CREATE TABLE Gyms (Id int IDENTITY PRIMARY KEY, ChainId int NOT NULL REFERENCES Chains (Id), City nvarchar(80));
CREATE TABLE Members (Id int IDENTITY PRIMARY KEY, ChainId int NOT NULL REFERENCES Chains (Id), GymId int NOT NULL REFERENCES Gyms (Id), Email nvarchar(80), Domain AS (SUBSTRING(Email, CHARINDEX('@', Email), 80)));
CREATE TABLE Visits (Id int IDENTITY PRIMARY KEY, MemberId int NOT NULL REFERENCES Members (Id), At datetime2);
CREATE TABLE Plans (ChainId int NOT NULL REFERENCES Chains (Id), Code nvarchar(10) NOT NULL, Price money, CONSTRAINT PK_Plans PRIMARY KEY (ChainId, Code));
CREATE TABLE Subscriptions (Id int IDENTITY PRIMARY KEY, ChainId int NOT NULL REFERENCES Chains (Id), PlanCode nvarchar(10) NOT NULL, MemberId int NOT NULL REFERENCES Members (Id), CONSTRAINT FK_Plan FOREIGN KEY (ChainId, PlanCode) REFERENCES Plans (ChainId, Code));
